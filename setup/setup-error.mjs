/** A failure whose message is the whole of what the operator needs: what failed, and what to install or do. */
export class SetupError extends Error {}
