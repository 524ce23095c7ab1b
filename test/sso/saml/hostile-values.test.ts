// Hostile responses: rightly signed, with every value a little off. Addresses, names and times are compared to the letter.
// The names of the refusals are stated here.
import { encryptedElement, SAML } from '../../support/saml-idp.ts';
import { ACS_URL, attribute, audience, KEYS, parts, REQUEST_ID, SP_ENTITY_ID, signed } from './company.ts';
import { type Case, refuses } from './refuses.ts';

const IDP = parts().issuer;
const sp = { certificate: KEYS.sp.certificate };

/** What a careless comparison takes for the same address. */
const almost = (url: string): string[] =>
  [
    '',
    ' ',
    url.toUpperCase(),
    url.replace('https:', 'http:'),
    url.replace('.test', '.test.'),
    url.replace('.test', '.test:443'),
    url.replace('.test', '.test.evil.test'),
    url.replace('https://', 'https://evil.test@'),
    url.replace('https://', 'https://evil.test/'),
    url.replace('/acme', '/./acme'),
    url.replace('/acme', '/globex/../acme'),
    url.replace('acme', '%61cme'),
    url.replace('acme', 'аcme'),
    url.slice(0, -1),
    `${url}/`,
    `${url}?`,
    `${url}?x=1`,
    `${url}#x`,
    `${url}.evil.test`,
    `${url}\u200b`,
    `${url}\u00a0`,
    `${url},https://evil.test`,
    `${url} https://evil.test`,
    '*',
    '.*',
  ].filter((one) => one !== url);
/** In an attribute blanks count too. */
const almostInAttribute = (url: string) => [...almost(url), ` ${url}`, `${url} `, `${url}&#10;`];

const each = (values: readonly string[], refusal: Case[1], xml: (value: string) => string): Case[] =>
  values.map((value): Case => [`"${value}"`, refusal, () => xml(value)]);

refuses(
  'a destination',
  each(almostInAttribute(ACS_URL), 'destination', (value) => signed({ destination: value })),
);
refuses(
  'a recipient',
  each(almostInAttribute(ACS_URL), 'recipient', (value) => signed({ recipient: value })),
);
refuses(
  'an audience',
  each(almost(SP_ENTITY_ID), 'audience', (value) => signed({ audiences: audience(value) })),
);
refuses(
  'an issuer',
  each(almost(IDP), 'issuer', (value) => signed({ issuer: value })),
);
refuses(
  "a response's issuer",
  each(almost(IDP), 'issuer', (value) => signed({ responseIssuer: value })),
);

const IDS = [
  '',
  ' ',
  '_request',
  '_request-12',
  '_Request-1',
  ` ${REQUEST_ID}`,
  `${REQUEST_ID} `,
  `${REQUEST_ID}&#10;`,
  '*',
];
refuses(
  'the answered request on the response',
  each(IDS, 'in_response_to', (value) => signed({ inResponseTo: value })),
);
refuses(
  'the answered request in the confirmation',
  each(IDS, 'in_response_to', (value) => signed({ confirmationInResponseTo: value })),
);

const STATUS = 'urn:oasis:names:tc:SAML:2.0:status:';
const SECOND = [
  'AuthnFailed',
  'InvalidAttrNameOrValue',
  'InvalidNameIDPolicy',
  'NoAuthnContext',
  'NoAvailableIDP',
  'NoPassive',
  'NoSupportedIDP',
  'PartialLogout',
  'ProxyCountExceeded',
  'RequestDenied',
  'RequestUnsupported',
  'ResourceNotRecognized',
  'TooManyResponses',
  'UnknownAttrProfile',
  'UnknownPrincipal',
  'UnsupportedBinding',
];
const code = (value: string, inside = '') => `<samlp:StatusCode Value="${STATUS}${value}">${inside}</samlp:StatusCode>`;

refuses('a status', [
  ...['Requester', 'Responder', 'VersionMismatch', ...SECOND].map(
    (value): Case => [value, 'status', () => signed({ status: code(value) })],
  ),
  ...SECOND.map(
    (value): Case => [`Success over ${value}`, 'status', () => signed({ status: code('Success', code(value)) })],
  ),
  ...SECOND.map(
    (value): Case => [`Responder over ${value}`, 'status', () => signed({ status: code('Responder', code(value)) })],
  ),
  [
    'three deep, success inside',
    'status',
    () => signed({ status: code('Responder', code('AuthnFailed', code('Success'))) }),
  ],
  ['success over success', 'status', () => signed({ status: code('Success', code('Success')) })],
  ['success, then a failure', 'status', () => signed({ status: code('Success') + code('Responder') })],
  ['two statuses', 'status', () => signed().replace(/<samlp:Status>.*<\/samlp:Status>/s, '$&$&')],
  ['without a code', 'status', () => signed({ status: '<samlp:StatusMessage>Success</samlp:StatusMessage>' })],
  ['without a value', 'status', () => signed({ status: '<samlp:StatusCode/>' })],
  ['of another namespace', 'status', () => signed({ status: `<StatusCode xmlns="urn:x" Value="${SAML.success}"/>` })],
  ['as text', 'status', () => signed({ status: `<samlp:StatusCode>${SAML.success}</samlp:StatusCode>` })],
  ...each(['Success ', 'success', 'SUCCESS', 'Success#', 'Success/', 'SuccessFailed'], 'status', (value) =>
    signed({ status: code(value) }),
  ),
]);

const NO_TIMES = [
  '',
  ' ',
  'now',
  '0',
  '1795262400',
  '2026-11-21',
  '12:05:00Z',
  '2026-11-21 12:05:00Z',
  '2026-11-21T12:05Z',
  '2026-11-21T12:05:00',
  '2026-11-21T12:05:00z',
  '2026-11-21t12:05:00Z',
  '2026-11-21T12:05:00Zx',
  '2026-11-21T12:05:00+1',
  '2026-11-21T12:05:00+25:00',
  '2026-11-21T12:05:00UTC',
  '2026-11-21T24:05:00Z',
  '2026-11-21T12:60:00Z',
  '2026-11-21T12:05:61Z',
  '2026-02-30T12:05:00Z',
  '2026-00-10T12:05:00Z',
  '2026-13-01T12:05:00Z',
  '20261121T120500Z',
  '+12026-11-21T12:05:00Z',
  '-2026-11-21T12:05:00Z',
  '12026-11-21T12:05:00Z',
  '2026-11-21T12:05:00,5Z',
  '2026-11-21T12:05:00.Z',
  '٢٠٢٦-11-21T12:05:00Z',
].filter((time) => time !== '2026-11-21T12:05:00');

refuses(
  'an end that is no time',
  each(NO_TIMES, 'time_invalid', (time) => signed({ notOnOrAfter: time })),
);
refuses(
  'an end of the confirmation that is no time',
  each(NO_TIMES, 'time_invalid', (time) => signed({ confirmationEnd: time })),
);
refuses(
  'a beginning that is no time',
  each(NO_TIMES, 'time_invalid', (time) => signed({ notBefore: time })),
);
refuses(
  'an instant that is no time',
  each(NO_TIMES, 'time_invalid', (time) => signed({ authnInstant: time })),
);

const PAST = [
  '2026-11-21T11:58:30Z',
  '2026-11-21T11:58:29.999Z',
  '2026-11-20T12:05:00Z',
  '1970-01-01T00:00:00Z',
  '2026-11-21T13:05:00+14:00',
];
const FUTURE = ['2026-11-21T12:02:31Z', '2026-11-22T12:00:00Z', '9999-12-31T23:59:59Z', '2026-11-21T12:00:00-01:00'];

refuses(
  'an end that has passed',
  each(PAST, 'expired', (time) => signed({ notOnOrAfter: time })),
);
refuses(
  'a confirmation that has ended',
  each(PAST, 'confirmation_expired', (time) => signed({ confirmationEnd: time })),
);
refuses(
  'a session that has ended',
  each(PAST, 'session_expired', (time) => signed({ sessionEnd: time })),
);
refuses(
  'a beginning ahead',
  each(FUTURE, 'not_yet_valid', (time) => signed({ notBefore: time })),
);
refuses(
  'a sign-in ahead',
  each(FUTURE, 'authn_instant', (time) => signed({ authnInstant: time })),
);
refuses('a sign-in before a fresh one was asked for', [
  ...['2026-11-21T11:56:59Z', '2026-11-21T00:00:00Z', '1970-01-01T00:00:00Z'].map(
    (time): Case => [time, 'authn_too_old', () => signed({ authnInstant: time }), { request: { forceAuthn: true } }],
  ),
]);
refuses('an issue instant', [
  [
    'of the response, hours ahead',
    'issue_instant',
    () => signed().replace('IssueInstant="2026-11-21T12', 'IssueInstant="2026-11-21T15'),
  ],
  ['of the response, missing', 'issue_instant', () => signed().replace(/ IssueInstant="[^"]*"/, '')],
  ['of the response, no time', 'time_invalid', () => signed().replace(/ IssueInstant="[^"]*"/, ' IssueInstant="then"')],
]);

refuses('a NameID', [
  ...each(
    [
      ' alice',
      'alice ',
      '\u00a0alice',
      'alice\u2003',
      '\ufeffalice',
      'ali&#9;ce',
      'ali&#10;ce',
      'ali&#13;ce',
      '&#x85;alice',
      'ali&#x9f;ce',
      'a'.repeat(1025),
    ],
    'name_id_invalid',
    (value) => signed({ nameId: value }),
  ),
  ['that is nil', 'name_id_missing', () => signed({ nameIdXml: '<saml:NameID xsi:nil="true"/>' })],
  ['of another namespace', 'name_id_missing', () => signed({ nameIdXml: '<NameID xmlns="urn:x">admin</NameID>' })],
  ['of SAML 1.1', 'name_id_missing', () => signed({ nameIdXml: '<saml:NameIdentifier>admin</saml:NameIdentifier>' })],
  ['that is a BaseID', 'name_id_missing', () => signed({ nameIdXml: '<saml:BaseID xsi:type="x"/>' })],
  [
    'in the confirmation only',
    'name_id_missing',
    () => signed({ nameIdXml: ' ' }).replace('<saml:SubjectConfirmation ', '<saml:SubjectConfirmation '),
  ],
  ...each(
    ['', SP_ENTITY_ID.replace('acme', 'globex'), 'https://evil.test', `${SP_ENTITY_ID}/`],
    'name_id_qualifier',
    (value) => signed({ nameIdXml: `<saml:NameID SPNameQualifier="${value}">alice</saml:NameID>` }),
  ),
]);

const CONTEXT = 'urn:oasis:names:tc:SAML:2.0:ac:classes:';
const statement = (inside: string) =>
  `<saml:AuthnStatement AuthnInstant="2026-11-21T11:59:30Z">${inside}</saml:AuthnStatement>`;
const context = (value: string) =>
  `<saml:AuthnContext><saml:AuthnContextClassRef>${value}</saml:AuthnContextClassRef></saml:AuthnContext>`;
const demanded = { connection: { authnContexts: [`${CONTEXT}X509`, `${CONTEXT}Kerberos`] } };

refuses('another way of signing in than demanded', [
  ['a password', 'authn_context', () => signed(), demanded],
  [
    'unspecified',
    'authn_context',
    () => signed({ authnStatement: statement(context(`${CONTEXT}unspecified`)) }),
    demanded,
  ],
  [
    'in another case',
    'authn_context',
    () => signed({ authnStatement: statement(context(`${CONTEXT}x509`)) }),
    demanded,
  ],
  ['not said', 'authn_context', () => signed({ authnStatement: statement('') }), demanded],
  [
    'a declaration instead of a class',
    'authn_context',
    () =>
      signed({
        authnStatement: statement(
          `<saml:AuthnContext><saml:AuthnContextDeclRef>${CONTEXT}X509</saml:AuthnContextDeclRef></saml:AuthnContext>`,
        ),
      }),
    demanded,
  ],
  [
    'a second statement with a password',
    'authn_context',
    () => signed({ authnStatement: statement(context(`${CONTEXT}X509`)) + statement(context(`${CONTEXT}Password`)) }),
    demanded,
  ],
]);

const data = (changes = '') =>
  `<saml:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml:SubjectConfirmationData NotOnOrAfter="2026-11-21T12:05:00Z" Recipient="${ACS_URL}"${changes || ` InResponseTo="${REQUEST_ID}"`}/></saml:SubjectConfirmation>`;

refuses('confirmations', [
  [
    'two, none of which holds: the first is told',
    'in_response_to',
    () => signed({ confirmations: data(' InResponseTo="_x"') + data(' NotBefore="2026-11-21T11:00:00Z"') }),
  ],
  ['of an unknown method', 'confirmation_missing', () => signed({ method: 'urn:oasis:names:tc:SAML:2.0:cm:magic' })],
  [
    'of a method in another case',
    'confirmation_missing',
    () => signed({ method: 'urn:oasis:names:tc:SAML:2.0:cm:Bearer' }),
  ],
  ['of no method', 'confirmation_missing', () => signed({ method: '' })],
  ['of SAML 1.1', 'confirmation_missing', () => signed({ method: 'urn:oasis:names:tc:SAML:1.0:cm:bearer' })],
  ['outside of the subject', 'confirmation_missing', () => signed({ confirmations: ' ', attributes: data() })],
  [
    'data of another namespace',
    'confirmation_missing',
    () =>
      signed({
        confirmations: data().replace('<saml:SubjectConfirmationData', '<SubjectConfirmationData xmlns="urn:x"'),
      }),
  ],
]);

refuses('conditions', [
  [
    'a restriction without an audience',
    'audience',
    () => signed({ audiences: '<saml:AudienceRestriction> </saml:AudienceRestriction>' }),
  ],
  [
    'an audience outside of a restriction',
    'audience',
    () => signed({ audiences: `<saml:Audience>${SP_ENTITY_ID}</saml:Audience>` }),
  ],
  [
    'an audience of another namespace',
    'audience',
    () =>
      signed({
        audiences: `<saml:AudienceRestriction><Audience xmlns="urn:x">${SP_ENTITY_ID}</Audience></saml:AudienceRestriction>`,
      }),
  ],
  ['an audience with an element in it', 'audience', () => signed({ audiences: audience(`<x/>${SP_ENTITY_ID}`) })],
  [
    'a restriction of SAML 1.1',
    'audience',
    () =>
      signed({ audiences: `<saml:AudienceRestrictionCondition>${SP_ENTITY_ID}</saml:AudienceRestrictionCondition>` }),
  ],
  [
    'our audience beside one that we are not in',
    'audience',
    () => signed({ audiences: audience('https://a.test') + audience(SP_ENTITY_ID) }),
  ],
  [
    'a condition of another namespace',
    'condition_unknown',
    () => signed({ extraConditions: '<x:Only xmlns:x="urn:x"/>' }),
  ],
  [
    'a delegation',
    'condition_unknown',
    () =>
      signed({
        extraConditions:
          '<saml:Condition xsi:type="del:DelegationRestrictionType" xmlns:del="urn:oasis:names:tc:SAML:2.0:conditions:delegation"/>',
      }),
  ],
]);

refuses('attributes', [
  [
    'one encrypted',
    'attribute_encrypted',
    () =>
      signed({ attributes: attribute('a', 'b') + encryptedElement('<x/>', { ...sp, wrapper: 'EncryptedAttribute' }) }),
  ],
  [
    'an empty name',
    'attribute_invalid',
    () =>
      signed({ attributes: '<saml:Attribute Name=""><saml:AttributeValue>x</saml:AttributeValue></saml:Attribute>' }),
  ],
  [
    'a name of another namespace',
    'attribute_invalid',
    () => signed({ attributes: '<saml:Attribute xmlns:x="urn:x" x:Name="groups"/>' }),
  ],
]);
