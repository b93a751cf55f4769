// The `links` objects of the REST API, on the deployment's own public address.

/** Base URL without a trailing slash; a function because listeners may get their ports late. */
export type PublicUrl = () => string;

export class Links {
  readonly #publicUrl: PublicUrl;

  constructor(publicUrl: PublicUrl) {
    this.#publicUrl = publicUrl;
  }

  /** Literally ends in `/sessions/`, as the reference has it, for rooms and single sessions. */
  room(roomId: string): { get_room: string; get_session: string } {
    return { get_room: this.#to('rooms', roomId), get_session: this.#to('sessions', '') };
  }

  sessionInList(roomId: string, sessionId: string): { get_room: string; get_session: string } {
    return { get_room: this.#to('rooms', roomId), get_session: this.#to('sessions', sessionId) };
  }

  participants(sessionId: string): { get_session: string; get_all_participants: string } {
    return {
      get_session: this.#to('sessions', ''),
      get_all_participants: `${this.#to('sessions', sessionId)}/participants`,
    };
  }

  /** The page that plays an HLS stream. */
  watchPage(hlsId: string): string {
    return `${this.#publicUrl()}/watch/${hlsId}`;
  }

  /** The page that plays a recording; the fragment is what lets one in, and no server or log ever sees it. */
  recordingPage(recordingId: string, fileToken: string): string {
    return `${this.#publicUrl()}/recordings/${recordingId}#${fileToken}`;
  }

  /** An address for our own pages: a path where this node answers it, since a page may be open under another host. */
  forPages(url: string): string {
    const own = `${this.#publicUrl()}/`;
    return url.startsWith(own) ? url.slice(own.length - 1) : url;
  }

  file(id: string): string {
    return `${this.#publicUrl()}/files/${id}`;
  }

  #to(resource: string, id: string): string {
    return `${this.#publicUrl()}/v2/${resource}/${encodeURIComponent(id)}`;
  }
}
