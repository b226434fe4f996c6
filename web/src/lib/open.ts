import { page_media_type, type Document } from "./page.ts";

/** What stands in the document the server sent; once, then the app asks for itself. */
function take_embedded(): Document | undefined {
  const element = document.getElementById("cairn-page");
  if (!element) return undefined;
  element.remove();
  return JSON.parse(element.textContent) as Document;
}

/** The page of an address: from the document at hand, else one request. */
export async function open(url: URL): Promise<Document> {
  const embedded = take_embedded();
  if (embedded) return embedded;
  const response = await fetch(url.pathname + url.search, { headers: { Accept: page_media_type } });
  return (await response.json()) as Document;
}
