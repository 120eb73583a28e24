/**
 * An address without slashes at its end. The root of a machine's files keeps its own, since `file://` names nothing.
 */
export function folderAddress(address: string): string {
  const trimmed = address.replace(/\/+$/, '');
  if (/^file:$/i.test(trimmed)) return 'file:///';
  return /^file:\/\/[^/]+$/i.test(trimmed) ? `${trimmed}/` : trimmed;
}

/** The folder of the object at an address, without slashes at its end but for the root's. */
export function folderOfAddress(address: string): string {
  return folderAddress(address.slice(0, address.lastIndexOf('/') + 1));
}

/** The address of an object below a folder: percent-encoded for files; S3 keys are taken literally, as S3 tools do. */
export function addressIn(folder: string, key: string): string {
  const base = folderAddress(folder);
  const isFile = base.slice(0, 'file:'.length).toLowerCase() === 'file:';
  // Half of a character has no URL.
  const path = isFile ? key.toWellFormed().split('/').map(encodeURIComponent).join('/') : key;
  return base.endsWith('/') ? `${base}${path}` : `${base}/${path}`;
}
