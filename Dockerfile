# Two images: Drawbridge (the last stage, the default) and Keycloak with our theme (`--target keycloak`).

# Everything that is fixed at build time (database, cache, health) is fixed here, so that the container starts at once.
FROM quay.io/keycloak/keycloak:26.7.4 AS keycloak
ENV KC_DB=postgres KC_CACHE=local KC_HEALTH_ENABLED=true
RUN /opt/keycloak/bin/kc.sh build
COPY keycloak-theme /opt/keycloak/themes
ENTRYPOINT ["/opt/keycloak/bin/kc.sh"]
CMD ["start", "--optimized"]

# The optional packages are programs for a developer's machine (Node itself, an embedded Postgres): the image needs none.
FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts --no-audit --no-fund

# No build step: Node strips the types.
FROM node:24-slim AS drawbridge
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY package.json ./
COPY scripts ./scripts
COPY src ./src
COPY scim ./scim
COPY sso ./sso
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "src/cli/main.ts"]
CMD ["web"]
