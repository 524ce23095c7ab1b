// The query of an address -> its parameters. A plus stands for a space in a form's encoding and for itself in a URL's
// (RFC 3986); both are seen, and a user whose name has a plus must be found either way.

const SPACES_BY_PERCENT = /^[^+]*%20/;

/** A client that writes its first space as %20 means each plus as one; from any other a plus is a space. */
export function readQuery(text: string): URLSearchParams {
  const parts = text.split('&').map((part) => (SPACES_BY_PERCENT.test(part) ? part.replaceAll('+', '%2B') : part));
  return new URLSearchParams(parts.join('&'));
}
