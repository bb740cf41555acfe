/** A folder as a store that several machines write: nothing keeps them apart but `create` and `update`. Named so: it stands for a bucket. */
import type { Bytes } from "../../src/core/bytes.js";
import { Directory } from "../../src/store/directory.js";
import type { Created, Still } from "../../src/store/store.js";

/** Before a call does its work. It may wait, throw, or never end. */
export type Before = (call: string, path: string) => Promise<void>;

export class SharedFolder extends Directory {
  override readonly shared = true;
  readonly #before: Before;

  constructor(root: string, before: Before = () => Promise.resolve()) {
    super(root);
    this.#before = before;
  }

  override async read(path: string, limit?: number): Promise<Bytes | undefined> {
    await this.#before("read", path);
    return await super.read(path, limit);
  }

  override async create(path: string, bytes: Bytes): Promise<Created> {
    await this.#before("create", path);
    return await super.create(path, bytes);
  }

  override async createEach(files: ReadonlyMap<string, Bytes>): Promise<void> {
    for (const [path, bytes] of files) await this.create(path, bytes);
  }

  override async replace(path: string, bytes: Bytes): Promise<void> {
    await this.#before("replace", path);
    await super.replace(path, bytes);
  }

  override async replaceEach(files: ReadonlyMap<string, Bytes>): Promise<void> {
    for (const [path, bytes] of files) await this.replace(path, bytes);
  }

  override async update(path: string, change: (bytes: Bytes | undefined) => Bytes | undefined): Promise<void> {
    await this.#before("update", path);
    await super.exclusively(`.update-${path.replaceAll("/", "-")}`, async () => {
      const next = change(await super.read(path));
      if (next !== undefined) await super.replace(path, next);
    });
  }

  override async exclusively<T>(_path: string, act: (still: Still) => T | Promise<T>): Promise<T> {
    return await act(() => undefined);
  }
}
