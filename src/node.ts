/** Files of models and checkpoints, for Node, Deno and Bun: `memcell/node`. A bundle of its own, so that pages do not load it. */

import { randomUUID } from "node:crypto";
import { open, realpath, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { fail } from "./core/check.js";

/** `undefined` where the file does not exist. */
async function found<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Makes the new name outlive a power loss. Windows and some network drives cannot do it, and report that in many ways. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r").catch(() => undefined);
  await folder
    ?.sync()
    .catch((error: NodeJS.ErrnoException) => {
      if (error.code === "EIO" || error.code === "ENOSPC") throw error;
    })
    .finally(() => folder.close());
}

/**
 * Writes a file so that at every moment, even after a crash, its name stands for the whole of the old content or the whole of the
 * new. Use it to replace the files that `trainer.save()` and `model.save()` return. The bytes go to a file beside it (`NAME.….tmp`,
 * which stays behind only if the process is killed) and then to the disk; then the file is renamed, and the folder goes to the disk.
 * An existing file keeps its permissions, and a symbolic link stays one. Of two concurrent calls for one path, one wins; of calls
 * awaited one after the other, the last.
 * @param path of the file, which may exist; its folder must
 * @param bytes the whole content, not to be changed until it is written; a string is written as UTF-8
 * @throws (by rejection) TypeError if `bytes` are not that, but for example a promise of them; the system's error, such as ENOSPC:
 * then the old file is as it was, unless only the folder failed to get to the disk
 * @example await writeAtomically("checkpoint.safetensors", trainer.save());
 */
export async function writeAtomically(path: string | URL, bytes: Uint8Array | string): Promise<void> {
  if (typeof path !== "string" && !(path instanceof URL)) fail(TypeError, "path", "a path or a URL", path);
  if (typeof bytes !== "string" && !ArrayBuffer.isView(bytes)) fail(TypeError, "bytes", "a Uint8Array or a string", bytes);
  const name = path instanceof URL ? fileURLToPath(path) : path;
  const target = (await found(realpath(name))) ?? name;
  const old = await found(stat(target));
  // Renaming would replace a device by a file.
  if (old && !old.isFile()) fail(RangeError, "path", "the path of a file", target);
  const temporary = `${target}.${randomUUID().slice(0, 8)}.tmp`;
  const file = await open(temporary, "wx", old?.mode);
  try {
    try {
      // On opening, the process's mask has removed some permissions.
      if (old) await file.chmod(old.mode);
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(dirname(target));
}
