// Every failure that a caller can be told of. The table is total: a code without status and title does not compile.
// `src/http/problem.ts` and `scim/error.ts` are the only places that turn a code into a response.

export type ErrorInfo = {
  /** HTTP status of the answer. */
  readonly status: number;
  /** One sentence for a person; the detail of a DomainError says more. */
  readonly title: string;
  /** RFC 7644 table 9, where the SCIM answer carries one. */
  readonly scimType?: string;
};

export const ERRORS = {
  invalid_request: { status: 400, title: 'The request is not valid', scimType: 'invalidValue' },
  invalid_syntax: { status: 400, title: 'The request body cannot be read', scimType: 'invalidSyntax' },
  invalid_filter: { status: 400, title: 'The filter is not valid', scimType: 'invalidFilter' },
  invalid_path: { status: 400, title: 'The path does not name an attribute', scimType: 'invalidPath' },
  no_target: { status: 400, title: 'The path matches nothing', scimType: 'noTarget' },
  invalid_value: { status: 400, title: 'A value is missing or not of its type', scimType: 'invalidValue' },
  too_many: { status: 400, title: 'The filter asks for more than is allowed', scimType: 'tooMany' },
  invalid_cursor: { status: 400, title: 'The cursor is not one of this list', scimType: 'invalidCursor' },
  expired_cursor: { status: 400, title: 'The cursor has expired', scimType: 'expiredCursor' },
  invalid_count: { status: 400, title: 'The page size is not valid', scimType: 'invalidCount' },
  mutability: { status: 400, title: 'The attribute cannot be changed', scimType: 'mutability' },
  unauthenticated: { status: 401, title: 'No valid credential was presented' },
  forbidden: { status: 403, title: 'The credential does not carry the permission needed' },
  role_ceiling: { status: 403, title: 'Nobody can grant rights that they do not hold' },
  self_role_change: { status: 403, title: 'Nobody changes their own role' },
  directory_inactive: { status: 403, title: 'The directory is switched off' },
  organization_frozen: { status: 403, title: 'The organization is frozen until an owner or an operator acts' },
  not_found: { status: 404, title: 'There is nothing at this address' },
  method_not_allowed: { status: 405, title: 'This resource does not take that method' },
  request_timeout: { status: 408, title: 'The request did not come in time' },
  conflict: { status: 409, title: 'The change conflicts with the present state', scimType: 'uniqueness' },
  uniqueness: { status: 409, title: 'The value is taken', scimType: 'uniqueness' },
  already_member: { status: 409, title: 'This address is a member already', scimType: 'uniqueness' },
  invitation_pending: { status: 409, title: 'This address has an open invitation' },
  last_owner: { status: 409, title: 'Somebody must keep full control of the organization' },
  seat_limit: { status: 409, title: 'All seats of the plan are taken' },
  adoption_needs_approval: {
    status: 409,
    title: 'An administrator must approve this adoption',
    scimType: 'uniqueness',
  },
  invitation_expired: { status: 410, title: 'The invitation has expired' },
  invitation_cancelled: { status: 410, title: 'The invitation was cancelled' },
  invitation_used: { status: 410, title: 'The invitation was used' },
  version_mismatch: { status: 412, title: 'The resource has changed since it was read' },
  too_large: { status: 413, title: 'The request body is too large', scimType: 'tooMany' },
  unsupported_media_type: { status: 415, title: 'The content type is not supported' },
  sign_in_required: { status: 403, title: 'The organization asks for another sign-in' },
  sign_in_refused: { status: 403, title: 'The sign-in was refused' },
  too_many_requests: { status: 429, title: 'Too many requests' },
  header_too_large: { status: 431, title: 'The address and headers are too large' },
  internal: { status: 500, title: 'Something failed on our side' },
  not_implemented: { status: 501, title: 'This is not supported' },
  unavailable: { status: 503, title: 'A service that is needed does not answer' },
} as const satisfies Record<string, ErrorInfo>;

export type ErrorCode = keyof typeof ERRORS;

export function errorInfo(code: ErrorCode): ErrorInfo {
  return ERRORS[code];
}

/** A failure with a name. `detail` names cause and cure for the caller; `data` goes into the answer beside it. */
export class DomainError extends Error {
  readonly code: ErrorCode;
  readonly data: Readonly<Record<string, unknown>>;

  constructor(code: ErrorCode, detail: string, options: { cause?: unknown; data?: Record<string, unknown> } = {}) {
    super(detail, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'DomainError';
    this.code = code;
    this.data = options.data ?? {};
  }
}
