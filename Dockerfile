# Two images from one base: the operator and the data plane. Built by `npm run images`, which lays out the context that
# is copied here: the sources of each program and only the production packages that it imports (modules/NAME).
# What remains of the base is Node and the libraries that it is linked with: no shell, no package manager, no npm.
FROM docker.io/library/node:24-bookworm-slim AS base
RUN set -eu; \
    mkdir -p /runtime/app /runtime/etc /runtime/tmp /runtime/usr/local/bin; \
    cp /usr/local/bin/node /runtime/usr/local/bin/node; \
    for library in $(ldd /usr/local/bin/node | grep -o '/[^ ]*'); do cp -L --parents "$library" /runtime; done; \
    cp /etc/nsswitch.conf /etc/os-release /runtime/etc/; \
    echo 'nonroot:x:65532:65532:nonroot:/tmp:/sbin/nologin' >/runtime/etc/passwd; \
    echo 'nonroot:x:65532:' >/runtime/etc/group; \
    chmod 1777 /runtime/tmp

FROM scratch AS runtime
COPY --from=base /runtime /
# What Node made of the sources when the image was built. Everything is read-only, so that nothing is added to it.
ENV PATH=/usr/local/bin NODE_ENV=production NODE_COMPILE_CACHE=/app/stripped
WORKDIR /app
USER 65532:65532
# Version and revision are put on by whoever builds.
LABEL org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.vendor="The LLM Gateway Authors" \
      org.opencontainers.image.base.name="docker.io/library/node:24-bookworm-slim"
COPY LICENSE package.json ./

FROM runtime AS dataplane-sources
LABEL org.opencontainers.image.title="llm-gateway data plane" \
      org.opencontainers.image.description="Serves LLM requests: routes, translates and streams them."
COPY modules/dataplane ./node_modules
COPY dataplane ./dataplane

# By the same user and with the same flags as later: what is kept for others is not found.
FROM dataplane-sources AS dataplane-stripped
COPY strip.ts /tmp/
ENV NODE_COMPILE_CACHE=/tmp/stripped
RUN ["/usr/local/bin/node", "--max-semi-space-size=2", "--no-allocation-site-pretenuring", "--heap-growing-percent=200", "/tmp/strip.ts", "/app", "/tmp/all.mjs"]

FROM dataplane-sources AS dataplane
COPY --from=dataplane-stripped --chown=0:0 /tmp/stripped ./stripped
EXPOSE 8080 9090
ENTRYPOINT ["/usr/local/bin/node", "--max-semi-space-size=2", "--no-allocation-site-pretenuring", "--heap-growing-percent=200", "/app/dataplane/main.ts"]

FROM runtime AS operator-sources
LABEL org.opencontainers.image.title="llm-gateway operator" \
      org.opencontainers.image.description="Compiles LLMProvider, LLMRoute and LLMBudget objects and pushes them to the data planes."
COPY modules/operator ./node_modules
COPY crds ./crds
COPY dataplane/snapshot ./dataplane/snapshot
COPY operator ./operator
# What a compile leaves behind is collected early, instead of being kept until the pod's memory limit is near: measured, a
# third of the memory for the same time. A share of the limit, so that more memory is more heap; an environment variable,
# so that `operator.extraEnv` can say otherwise. One arena of malloc instead of one for each thread: these are nearly empty.
ENV NODE_OPTIONS="--max-semi-space-size=8 --max-old-space-size-percentage=40" MALLOC_ARENA_MAX=1

FROM operator-sources AS operator-stripped
COPY strip.ts /tmp/
ENV NODE_COMPILE_CACHE=/tmp/stripped
RUN ["/usr/local/bin/node", "--heap-growing-percent=40", "/tmp/strip.ts", "/app", "/tmp/all.mjs"]

FROM operator-sources AS operator
COPY --from=operator-stripped --chown=0:0 /tmp/stripped ./stripped
EXPOSE 8443 9090
ENTRYPOINT ["/usr/local/bin/node", "--heap-growing-percent=40", "/app/operator/main.ts"]
