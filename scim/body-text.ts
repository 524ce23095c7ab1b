// The text of an answer: whole, or in parts that are made while the client takes them, for what is too long to be held.

export type BodyText = string | AsyncIterable<string>;

/** All of a text, for who cannot take it in parts. */
export async function wholeText(body: BodyText): Promise<string> {
  if (typeof body === 'string') return body;
  let text = '';
  for await (const part of body) text += part;
  return text;
}

/** The texts of a list's elements with commas between them; one that turns out empty is left out. */
export async function* joined(texts: readonly BodyText[]): AsyncGenerator<string> {
  let isFirst = true;
  for (const text of texts) {
    let separator = isFirst ? '' : ',';
    for await (const part of typeof text === 'string' ? [text] : text) {
      yield separator + part;
      separator = '';
      isFirst = false;
    }
  }
}
