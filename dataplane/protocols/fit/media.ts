// Images, sound and video in the forms that the target takes. What is only an address where bytes are wanted is listed to be
// fetched; what belongs to another provider's account, or to no form that the target knows, is lost. Files are files.ts's.
import type { AudioBlock, Block, ImageBlock, Source, VideoBlock } from "../ir.ts";
import { mapBlocks, textBlock } from "./blocks.ts";
import { fitFile } from "./files.ts";
import type { Concern, Fitting } from "./fitting.ts";

const isForeignStored = (source: Source, { protocol }: Fitting): boolean => source.kind === "stored" && source.protocol !== protocol;

const lost = (block: Block, fitting: Fitting, reason: "foreign" | "unsupported" = "unsupported"): null => {
  fitting.lose(block.at, reason, "major");
  return null;
};

const fitImage = (block: ImageBlock, fitting: Fitting): Block | null => {
  const { source } = block;
  const { imageSources } = fitting.abilities;
  if (isForeignStored(source, fitting)) return lost(block, fitting, "foreign");
  if (source.kind === "stored") return imageSources.length === 0 ? lost(block, fitting) : block;
  if (source.kind === "text") return lost(block, fitting);
  if (imageSources.includes(source.kind)) return block;
  if (source.kind === "bytes" || !imageSources.includes("bytes")) return lost(block, fitting);
  fitting.fetches.push({ url: source.url, kind: "image", at: block.at });
  return block;
};

const formats: Readonly<Record<string, string>> = { mpeg: "mp3", "x-wav": "wav", wave: "wav", "x-m4a": "m4a", mp4: "m4a", "x-flac": "flac", l16: "pcm16" };

export const formatOf = ({ format, source }: AudioBlock): string => {
  if (format !== "" || !("mediaType" in source)) return format;
  const subtype = source.mediaType.split(";")[0]?.split("/")[1]?.toLowerCase() ?? "";
  return formats[subtype] ?? subtype;
};

const fitAudio = (block: AudioBlock, fitting: Fitting): Block | null => {
  const { audioFormats } = fitting.abilities;
  const format = formatOf(block);
  const isTaken = audioFormats.includes("*") || audioFormats.includes(format) || (format === "" && audioFormats.length > 0);
  if (isTaken && !isForeignStored(block.source, fitting)) {
    if (block.source.kind === "url") fitting.fetches.push({ url: block.source.url, kind: "audio", at: block.at });
    return format === block.format ? block : { ...block, format };
  }
  if (block.transcript === undefined) return lost(block, fitting, isForeignStored(block.source, fitting) ? "foreign" : "unsupported");
  fitting.lose(block.at, "approximated", "minor");
  return textBlock(block.transcript, block.at);
};

const fitVideo = (block: VideoBlock, fitting: Fitting): Block | null => {
  if (!fitting.abilities.hasVideo) return lost(block, fitting);
  return isForeignStored(block.source, fitting) ? lost(block, fitting, "foreign") : block;
};

export const fitMedia: Concern = (conversation, fitting) =>
  mapBlocks(conversation, (block) => {
    switch (block.kind) {
      case "image":
        return fitImage(block, fitting);
      case "audio":
        return fitAudio(block, fitting);
      case "video":
        return fitVideo(block, fitting);
      case "file":
        return fitFile(block, fitting);
      default:
        return block;
    }
  });
