export function toggleFullScreen(box: HTMLElement | null): void {
  if (document.fullscreenElement) {
    void document.exitFullscreen();
    return;
  }
  if (box?.requestFullscreen) {
    void box.requestFullscreen().catch(() => undefined);
    return;
  }
  // iPhones give the whole screen to a video only.
  const video = box?.querySelector('video') as (HTMLVideoElement & { webkitEnterFullscreen?: () => void }) | null;
  video?.webkitEnterFullscreen?.();
}
