// What a participant may choose of how the meeting is shown.

/** The panel that is open beside the pictures. */
export type Panel = 'chat' | 'people' | 'outputs' | undefined;
export type View = 'grid' | 'speaker';

/** What the buttons and keys of the controls do. */
export interface Actions {
  toggleMic(): void;
  toggleCamera(): void;
  toggleScreen(): void;
  toggleHand(): void;
}
