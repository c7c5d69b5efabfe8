// One row for each provider that can be named: what it speaks and where, how it wants its key, how it differs from the
// protocol it speaks. The rows stand in rows/. A provider that speaks a known protocol is added there and nowhere else.
import type { ProviderType } from "../snapshot/schema.ts";
import type { Row } from "./row.ts";
import { clouds } from "./rows/clouds.ts";
import { hosts } from "./rows/hosts.ts";
import { makers } from "./rows/makers.ts";
import { relays } from "./rows/relays.ts";
import { servers } from "./rows/servers.ts";

export const catalogue: Readonly<Record<ProviderType, Row>> = { ...makers, ...clouds, ...hosts, ...relays, ...servers };
