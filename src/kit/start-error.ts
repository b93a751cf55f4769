/** The server cannot start. The message is the sentence shown to the operator: what is wrong and what to do. */
export class StartError extends Error {}
