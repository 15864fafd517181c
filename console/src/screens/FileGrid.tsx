import { Text } from "@mantine/core";
import { useElementSize } from "@mantine/hooks";
import { useVirtualizer } from "@tanstack/react-virtual";
import type { FileJson } from "expunge/client";
import { useRef } from "react";
import { bytes } from "../parts/format.ts";
import { linkOf } from "./file-links.ts";

const TILE_PX = 162;
const LINE_PX = 184;
/** Larger pictures are not loaded only to be looked at small. */
const PREVIEW_BYTES_MAX = 20e6;
/** What the service shows inline: pictures that cannot hold a program. */
const PREVIEWED = /^image\/(png|jpeg|gif|webp|avif)$/;

/** Files as tiles, pictures with a preview. */
export function FileGrid({
  projectId,
  files,
}: {
  readonly projectId: string;
  readonly files: readonly FileJson[];
}) {
  const scroll = useRef<HTMLDivElement>(null);
  const { ref, width } = useElementSize();
  const columns = Math.max(2, Math.floor((width - 12) / TILE_PX));
  const lines = useVirtualizer({
    count: Math.ceil(files.length / columns),
    getScrollElement: () => scroll.current,
    estimateSize: () => LINE_PX,
    overscan: 3,
  });
  return (
    <div className="rows">
      <div className="rows-scroll" ref={scroll} tabIndex={0} role="region" aria-label="Files">
        <div ref={ref} style={{ height: lines.getTotalSize(), position: "relative" }}>
          {lines.getVirtualItems().map(({ index, start }) => (
            <ul
              key={index}
              className="grid"
              style={{ position: "absolute", top: start, left: 0, right: 0 }}
            >
              {files.slice(index * columns, (index + 1) * columns).map((file) => (
                <li key={file.path}>
                  <Tile projectId={projectId} file={file} />
                </li>
              ))}
            </ul>
          ))}
        </div>
      </div>
    </div>
  );
}

function Tile({ projectId, file }: { readonly projectId: string; readonly file: FileJson }) {
  const { path, contentType, sizeBytes, etag } = file;
  const link = linkOf(projectId, path);
  const isPreviewed = PREVIEWED.test(contentType) && sizeBytes <= PREVIEW_BYTES_MAX;
  return (
    <a className="tile" href={link} download>
      {isPreviewed ? (
        // The tag makes another address of another content.
        <img
          className="thumb"
          src={`${link}?disposition=inline#${etag}`}
          alt=""
          loading="lazy"
          decoding="async"
        />
      ) : (
        <span className="thumb">{path.split(".").at(-1)?.slice(0, 6).toUpperCase()}</span>
      )}
      <Text size="sm" className="one-line" title={path}>
        {path}
      </Text>
      <Text size="xs" c="dimmed">
        {bytes(sizeBytes)}
      </Text>
    </a>
  );
}
