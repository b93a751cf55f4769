// What players and viewers get: playlists and segments of streams, files of recordings, and what their pages show.
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { notFound } from '../errors.ts';
import { dropOldest } from '../kit/bounded.ts';
import { type Continuation, type Egress, type RecordingFile, recordingFile } from '../protocol/egress.ts';
import { hlsContentType, isHlsName, isPlaylist } from '../protocol/hls/files.ts';
import { playlistReaching, sizeOnceThere } from './hls/hls-folder.ts';
import type { Position } from './hls/playlist-edits.ts';
import type { EgressStore } from './ports.ts';
import { openLocal } from './storage/file-storage.ts';
import { hlsFolder } from './storage/paths.ts';
import type { ByteRange, Storage } from './storage/storage.ts';

export interface PlaybackDeps {
  store: Pick<EgressStore, 'hls' | 'continuation' | 'byFileToken' | 'byFolder'>;
  storage: Storage;
  /** Of this node's data. */
  folder: string;
}

export interface Segment {
  size: number;
  contentType: string;
  open: Open;
}

type Open = (range?: ByteRange) => Promise<Readable | undefined>;

const MAX_FOLDERS = 10_000;

export class Playback {
  readonly #deps: PlaybackDeps;
  /** Names of streams that are known to exist. */
  readonly #folders = new Set<string>();

  constructor(deps: PlaybackDeps) {
    this.#deps = deps;
  }

  /** A stream for any client that knows its id: its meeting is notified of where it plays anyway. */
  async hls(id: string): Promise<{ egress: Egress; continuation: Continuation }> {
    const egress = await this.#deps.store.hls(id);
    if (!egress) throw notFound('HLS', id);
    return { egress, continuation: await this.#deps.store.continuation(id) };
  }

  /** A finished recording for any client that knows the secret part of its file's address; its id alone is not enough. */
  async recording(id: string, fileToken: string): Promise<{ egress: Egress; file: RecordingFile }> {
    const egress = await this.#deps.store.byFileToken(fileToken);
    const file = recordingFile(egress);
    if (!egress || !file || egress.id !== id) throw notFound('Recording', id);
    return { egress, file };
  }

  /** The file behind an unguessable address. */
  async file(token: string): Promise<{ file: RecordingFile; open: Open }> {
    const file = recordingFile(await this.#deps.store.byFileToken(token));
    if (!file) throw notFound('File', token);
    return {
      file,
      open: async (range) => {
        // What is on its way to the storage is still here.
        const local = file.storedIn === null && file.localPath ? await openLocal(file.localPath, range) : undefined;
        return local ?? this.#deps.storage.open(file.key, range);
      },
    };
  }

  /** A playlist of a stream, once it reaches a position; see `playlistReaching`. */
  async playlist(folder: string, name: string, position: Position | undefined): Promise<string | 'too-far' | 'late'> {
    if (!isPlaylist(name)) throw notFound('Playlist', name);
    const path = await this.#hlsFolder(folder, name);
    const found = (await playlistReaching(path, name, position)) ?? (await this.#storedPlaylist(folder, name));
    if (found === undefined) throw notFound('Playlist', name);
    return found;
  }

  /** A segment, or a part of one, also when it is only just about to be written. */
  async segment(folder: string, name: string): Promise<Segment> {
    const path = join(await this.#hlsFolder(folder, name), name);
    const contentType = hlsContentType(name);
    const size = await sizeOnceThere(path);
    if (size !== undefined) return { size, contentType, open: (range) => openLocal(path, range) };
    const { storage } = this.#deps;
    const key = await this.#storedKey(folder, name);
    const stored = key === undefined ? undefined : await storage.size(key);
    if (key === undefined || stored === undefined) throw notFound('File', name);
    return { size: stored, contentType, open: (range) => storage.open(key, range) };
  }

  /** A stream has been deleted. */
  forget(folder: string): void {
    this.#folders.delete(folder);
  }

  async #storedPlaylist(folder: string, name: string): Promise<string | undefined> {
    const key = await this.#storedKey(folder, name);
    const stream = key && (await this.#deps.storage.open(key));
    return stream && text(stream);
  }

  /** Where a stream that is over is kept, unless that is its folder here. */
  async #storedKey(folder: string, name: string): Promise<string | undefined> {
    const file = (await this.#deps.store.byFolder(folder))?.file;
    return file?.storedIn === 's3' ? `${file.key}/${name}` : undefined;
  }

  async #hlsFolder(folder: string, name: string): Promise<string> {
    if (!isHlsName(name)) throw notFound('File', name);
    if (!this.#folders.has(folder)) {
      if (!(await this.#deps.store.byFolder(folder))) throw notFound('Stream', folder);
      this.#remember(folder);
    }
    return hlsFolder(this.#deps.folder, folder);
  }

  /** Players ask several times a second; a stream that was deleted is gone from the disk anyway. */
  #remember(folder: string): void {
    dropOldest(this.#folders, MAX_FOLDERS);
    this.#folders.add(folder);
  }
}
