import type { PageLoad } from "./$types";
import { open } from "#lib/open.ts";

export const load: PageLoad = ({ url }) => open(url);
