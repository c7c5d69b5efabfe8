// The chart's former version, as something to upgrade from: LLMGW_FORMER_CHART names the folder of a real one, and
// LLMGW_FORMER_TAG its images. Without it the present chart is copied, its version lowered, and a field and a column are
// taken from one of its kinds, so that it can be seen whether an upgrade brings them.
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { dump, load } from "js-yaml";
import { fieldsOf, listOf, type Fields } from "../../operator/kube/types.ts";
import { helm } from "./commands.ts";
import { SYSTEM } from "./namespaces.ts";
import { chart, ofImages, ofSize, RELEASE } from "./release.ts";

export const FORMER_VERSION = "0.0.9";
const ROUTES = "files/crds/llmgateway.io_llmroutes.yaml";
/** Of routes; no rule of the schema speaks of it. */
export const LATER_FIELD = "residency";
export const LATER_COLUMN = "Targets";

const versionOf = (folder: string): string => String(fieldsOf(load(readFileSync(join(folder, "Chart.yaml"), "utf8")))["version"]);

const makeFormer = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "llm-gateway-former-"));
  cpSync(chart, folder, { recursive: true });
  const told = readFileSync(join(folder, "Chart.yaml"), "utf8");
  writeFileSync(join(folder, "Chart.yaml"), told.replace(/^version: .*$/m, `version: ${FORMER_VERSION}`));
  const definition = fieldsOf(load(readFileSync(join(folder, ROUTES), "utf8")));
  const spec = fieldsOf(definition["spec"]);
  const earlier = { ...definition, spec: { ...spec, versions: listOf(spec["versions"]).map((version) => withoutLater(fieldsOf(version))) } };
  writeFileSync(join(folder, ROUTES), `# As it was.\n${dump(earlier, { noRefs: true })}`);
  return folder;
};

const withoutLater = (version: Fields): Fields => {
  const schema = fieldsOf(fieldsOf(version["schema"])["openAPIV3Schema"]);
  const properties = fieldsOf(schema["properties"]);
  const spec = fieldsOf(properties["spec"]);
  const { [LATER_FIELD]: later, ...others } = fieldsOf(spec["properties"]);
  if (later === undefined) throw new Error(`routes have no field ${LATER_FIELD}`);
  const columns = listOf(version["additionalPrinterColumns"]).filter((column) => fieldsOf(column)["name"] !== LATER_COLUMN);
  return { ...version, additionalPrinterColumns: columns, schema: { openAPIV3Schema: { ...schema, properties: { ...properties, spec: { ...spec, properties: others } } } } };
};

/** A fresh installation of it; its version. The pods' annotation makes them others than those of the present one. */
export const installFormer = async (): Promise<string> => {
  const given = process.env.LLMGW_FORMER_CHART;
  const folder = given ?? makeFormer();
  try {
    const images = process.env.LLMGW_FORMER_TAG === undefined ? ofImages : [...ofImages, "--set", `image.tag=${process.env.LLMGW_FORMER_TAG}`];
    const marks = ["operator", "gatewayDefaults"].flatMap((part) => ["--set-string", `${part}.podAnnotations.release=former`]);
    await helm("install", RELEASE, folder, "--namespace", SYSTEM, ...images, "--set", "demo.enabled=true", ...ofSize, ...marks, "--wait", "--timeout", "180s");
    return versionOf(folder);
  } finally {
    if (given === undefined) rmSync(folder, { recursive: true, force: true });
  }
};

export const presentVersion = versionOf(chart);
export const isFormerMade = process.env.LLMGW_FORMER_CHART === undefined;
