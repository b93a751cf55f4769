// The package has no types for the build without subtitles, encryption and alternative sound, which we do not have.
declare module 'hls.js/light' {
  export { default } from 'hls.js';
}
