// Headers that every answer of the process starts with; pages of ours set a wider Content-Security-Policy themselves.
import type { RequestHandler } from 'express';

export function securityHeaders(config: { baseUrl: string }): RequestHandler {
  const isHttps = config.baseUrl.startsWith('https:');
  return (_request, response, next) => {
    response.removeHeader('X-Powered-By');
    response.setHeader('X-Content-Type-Options', 'nosniff');
    response.setHeader('X-Frame-Options', 'DENY');
    response.setHeader('Referrer-Policy', 'no-referrer');
    response.setHeader('Content-Security-Policy', "default-src 'none'; frame-ancestors 'none'");
    if (isHttps) response.setHeader('Strict-Transport-Security', 'max-age=31536000; includeSubDomains');
    next();
  };
}
