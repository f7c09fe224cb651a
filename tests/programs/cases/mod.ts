/**
 * Every case of `deno task programs`.
 *
 * @module
 */
import type { Case } from "../case.ts";
import { DATABASES } from "./databases.ts";
import { FILES } from "./files.ts";
import { LANGUAGES } from "./languages.ts";
import { MAIL } from "./mail.ts";
import { MEASURES } from "./measures.ts";
import { MORE_LANGUAGES } from "./more_languages.ts";
import { MORE_SERVERS } from "./more_servers.ts";
import { NAMES } from "./names.ts";
import { PRESSURE } from "./pressure.ts";
import { SECURITY } from "./security.ts";
import { SYSTEM } from "./system.ts";
import { UNREACHED } from "./unreached.ts";
import { VIEWS } from "./views.ts";
import { WEB_CLIENTS } from "./web_clients.ts";
import { WEB_SERVERS } from "./web_servers.ts";
import { WRAPPERS } from "./wrappers.ts";

export const CASES: readonly Case[] = [
  ...WEB_SERVERS,
  ...WEB_CLIENTS,
  ...MEASURES,
  ...NAMES,
  ...FILES,
  ...DATABASES,
  ...MAIL,
  ...SECURITY,
  ...LANGUAGES,
  ...SYSTEM,
  ...MORE_LANGUAGES,
  ...MORE_SERVERS,
  ...UNREACHED,
  ...VIEWS,
  ...WRAPPERS,
  ...PRESSURE,
];
