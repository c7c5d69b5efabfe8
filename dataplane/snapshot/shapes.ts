// Written by `npm run generate` from schema.ts and message-schema.ts: what a snapshot, a delta and a message may look like.
// Nothing here is changed by hand.
import type { Shape } from "./shape.ts";

export const snapshotShape = {
  kind: "members",
  isStrict: true,
  members: {
    format: { kind: "one-of", values: [1] },
    gateway: { kind: "text", min: 1, max: 63 },
    settings: {
      kind: "members",
      isStrict: true,
      members: {
        anonymous: { kind: "boolean" },
        privateRanges: { kind: "list", of: { kind: "text", max: 64 }, max: 64 },
        drainMs: { kind: "whole", min: 0, max: 86400000 },
        limits: {
          kind: "members",
          isStrict: true,
          members: {
            headerBytesMax: { kind: "whole", min: 1024, max: 1048576 },
            headerCountMax: { kind: "whole", min: 8, max: 2000 },
            bodyBytesMax: { kind: "whole", min: 1024, max: 1073741824 },
            uploadBytesMax: { kind: "whole", min: 1024, max: 68719476736 },
            sseEventBytesMax: { kind: "whole", min: 4096, max: 268435456 },
            concurrentRequestsMax: { kind: "whole", min: 1, max: 1000000 },
            eventLoopLagMsMax: { kind: "whole", min: 0, max: 86400000 },
          },
        },
        stream: { kind: "members", isStrict: true, members: { headHoldMs: { kind: "whole", min: 0, max: 86400000 } } },
      },
    },
    providers: {
      kind: "record",
      key: { kind: "text", min: 1, max: 600 },
      of: {
        kind: "members",
        isStrict: true,
        members: {
          type: { kind: "text", min: 1, max: 64 },
          protocols: {
            kind: "optional",
            of: {
              kind: "list",
              of: {
                kind: "one-of",
                values: ["openai-chat", "openai-completions", "openai-responses", "embeddings", "moderations", "images", "audio", "files", "batches", "rerank", "anthropic-messages", "gemini", "bedrock-converse", "cohere", "dashscope", "ollama", "realtime"],
              },
              max: 32,
            },
          },
          endpoints: {
            kind: "optional",
            of: {
              kind: "list",
              of: {
                kind: "members",
                isStrict: true,
                members: { url: { kind: "text", max: 2048 }, priority: { kind: "whole", min: 0, max: 1000 }, weight: { kind: "whole", min: 0, max: 1000000 } },
              },
              max: 16,
            },
          },
          network: { kind: "one-of", values: ["public", "private"] },
          auth: {
            kind: "either",
            by: "scheme",
            options: {
              none: {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["none"] },
                  keys: {
                    kind: "list",
                    of: {
                      kind: "members",
                      isStrict: true,
                      members: { name: { kind: "text", max: 253 }, credential: { kind: "text", min: 1, max: 600 }, weight: { kind: "whole", min: 0, max: 1000000 } },
                    },
                    max: 0,
                  },
                },
              },
              "api-key": {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["api-key"] },
                  keys: {
                    kind: "list",
                    of: {
                      kind: "members",
                      isStrict: true,
                      members: { name: { kind: "text", max: 253 }, credential: { kind: "text", min: 1, max: 600 }, weight: { kind: "whole", min: 0, max: 1000000 } },
                    },
                    max: 64,
                  },
                  placement: {
                    kind: "optional",
                    of: {
                      kind: "members",
                      isStrict: true,
                      members: { place: { kind: "one-of", values: ["header", "query"] }, name: { kind: "text", min: 1, max: 256 }, prefix: { kind: "text", max: 64 } },
                    },
                  },
                },
              },
              aws: {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["aws"] },
                  region: { kind: "text", min: 1, max: 256 },
                  roleArn: { kind: "optional", of: { kind: "text", min: 1, max: 2048 } },
                  keyPair: {
                    kind: "optional",
                    of: {
                      kind: "members",
                      isStrict: true,
                      members: {
                        accessKeyId: { kind: "text", min: 1, max: 600 },
                        secretAccessKey: { kind: "text", min: 1, max: 600 },
                        sessionToken: { kind: "optional", of: { kind: "text", min: 1, max: 600 } },
                      },
                    },
                  },
                },
              },
              google: {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["google"] },
                  project: { kind: "text", min: 1, max: 256 },
                  location: { kind: "text", min: 1, max: 256 },
                  credential: { kind: "optional", of: { kind: "text", min: 1, max: 600 } },
                },
              },
              azure: {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["azure"] },
                  tenantId: { kind: "text", min: 1, max: 256 },
                  clientId: { kind: "text", min: 1, max: 256 },
                  credential: { kind: "optional", of: { kind: "text", min: 1, max: 600 } },
                },
              },
              oauth: {
                kind: "members",
                isStrict: true,
                members: {
                  scheme: { kind: "one-of", values: ["oauth"] },
                  tokenUrl: { kind: "text", min: 1, max: 2048 },
                  clientId: { kind: "text", min: 1, max: 256 },
                  credential: { kind: "text", min: 1, max: 600 },
                  scopes: { kind: "list", of: { kind: "text", min: 1, max: 256 }, max: 64 },
                  audience: { kind: "optional", of: { kind: "text", min: 1, max: 1024 } },
                  sendSecretIn: { kind: "one-of", values: ["header", "body"] },
                },
              },
            },
          },
          tls: {
            kind: "optional",
            of: {
              kind: "members",
              isStrict: true,
              members: { ca: { kind: "list", of: { kind: "text", max: 1048576 }, max: 16 }, serverName: { kind: "optional", of: { kind: "text", max: 253 } } },
            },
          },
          timeouts: {
            kind: "members",
            isStrict: true,
            members: {
              connectMs: { kind: "whole", min: 0, max: 86400000 },
              headersMs: { kind: "whole", min: 0, max: 86400000 },
              firstTokenMs: { kind: "whole", min: 0, max: 86400000 },
              idleMs: { kind: "whole", min: 0, max: 86400000 },
              totalMs: { kind: "whole", min: 0, max: 86400000 },
            },
          },
          models: { kind: "record", key: { kind: "text", max: 256 }, of: { kind: "text", max: 256 } },
          thinking: { kind: "optional", of: { kind: "record", key: { kind: "text", max: 256 }, of: { kind: "one-of", values: ["apart", "in-tags"] } } },
          streamOptions: { kind: "optional", of: { kind: "one-of", values: ["accepted", "refused"] } },
        },
      },
    },
    routes: {
      kind: "record",
      key: { kind: "text", min: 1, max: 600 },
      of: {
        kind: "members",
        isStrict: true,
        members: {
          models: {
            kind: "list",
            of: {
              kind: "members",
              isStrict: true,
              members: {
                match: { kind: "one-of", values: ["exact", "prefix"] },
                name: { kind: "text", max: 256 },
                targets: { kind: "optional", of: { kind: "list", of: { kind: "text", min: 1, max: 253 }, max: 64 } },
              },
            },
            max: 2048,
          },
          access: {
            kind: "members",
            isStrict: true,
            members: {
              namespaces: { kind: "optional", of: { kind: "list", of: { kind: "text", max: 63 }, max: 10000 } },
              serviceAccounts: { kind: "optional", of: { kind: "list", of: { kind: "text", max: 320 }, max: 1024 } },
              teams: { kind: "optional", of: { kind: "list", of: { kind: "text", max: 253 }, max: 1024 } },
            },
          },
          rules: {
            kind: "list",
            of: {
              kind: "members",
              isStrict: true,
              members: {
                name: { kind: "text", max: 63 },
                targets: {
                  kind: "list",
                  of: {
                    kind: "members",
                    isStrict: true,
                    members: {
                      name: { kind: "text", min: 1, max: 253 },
                      provider: { kind: "text", min: 1, max: 600 },
                      model: { kind: "optional", of: { kind: "text", min: 1, max: 256 } },
                      weight: { kind: "whole", min: 0, max: 1000000 },
                      priority: { kind: "whole", min: 0, max: 1000 },
                    },
                  },
                  max: 64,
                },
              },
            },
            max: 64,
          },
          timeouts: {
            kind: "members",
            isStrict: true,
            members: {
              connectMs: { kind: "optional", of: { kind: "whole", min: 0, max: 86400000 } },
              headersMs: { kind: "optional", of: { kind: "whole", min: 0, max: 86400000 } },
              firstTokenMs: { kind: "optional", of: { kind: "whole", min: 0, max: 86400000 } },
              idleMs: { kind: "optional", of: { kind: "whole", min: 0, max: 86400000 } },
              totalMs: { kind: "optional", of: { kind: "whole", min: 0, max: 86400000 } },
            },
          },
          onLoss: { kind: "optional", of: { kind: "one-of", values: ["refuse", "allow"] } },
        },
      },
    },
    callers: {
      kind: "record",
      key: { kind: "text", pattern: /^[0-9a-f]{64}$/ },
      of: {
        kind: "members",
        isStrict: true,
        members: {
          name: { kind: "text", min: 1, max: 600 },
          namespace: { kind: "text", max: 63 },
          team: { kind: "optional", of: { kind: "text", max: 253 } },
          costCenter: { kind: "optional", of: { kind: "text", max: 253 } },
          expiresAt: { kind: "optional", of: { kind: "whole", min: 0 } },
          models: { kind: "optional", of: { kind: "list", of: { kind: "text", max: 256 }, max: 1024 } },
        },
      },
    },
    credentials: { kind: "record", key: { kind: "text", min: 1, max: 600 }, of: { kind: "secret" } },
  },
} as const satisfies Shape;

export const deltaShape = {
  kind: "members",
  isStrict: true,
  members: {
    settings: { kind: "optional", of: { kind: "anything" } },
    upserts: {
      kind: "members",
      isStrict: true,
      members: {
        providers: { kind: "optional", of: { kind: "anything" } },
        routes: { kind: "optional", of: { kind: "anything" } },
        callers: { kind: "optional", of: { kind: "anything" } },
        credentials: { kind: "optional", of: { kind: "anything" } },
      },
    },
    removes: {
      kind: "members",
      isStrict: true,
      members: {
        providers: { kind: "optional", of: { kind: "list", of: { kind: "text", min: 1, max: 600 }, max: 1000000 } },
        routes: { kind: "optional", of: { kind: "list", of: { kind: "text", min: 1, max: 600 }, max: 1000000 } },
        callers: { kind: "optional", of: { kind: "list", of: { kind: "text", min: 1, max: 600 }, max: 1000000 } },
        credentials: { kind: "optional", of: { kind: "list", of: { kind: "text", min: 1, max: 600 }, max: 1000000 } },
      },
    },
  },
} as const satisfies Shape;

export const fromDataPlaneShape = {
  kind: "either",
  by: "type",
  options: {
    hello: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["hello"] },
        pod: { kind: "text", min: 1, max: 253 },
        uid: { kind: "text", min: 1, max: 253 },
        boot: { kind: "text", min: 1, max: 64 },
        gateway: { kind: "text", min: 1, max: 63 },
        build: { kind: "text", max: 64 },
        formats: { kind: "list", of: { kind: "whole", min: 0 }, max: 64 },
        version: { kind: "text", max: 64 },
        epoch: { kind: "whole", min: 0 },
        leases: {
          kind: "list",
          of: {
            kind: "members",
            isStrict: false,
            members: { id: { kind: "text", max: 600 }, amount: { kind: "whole", min: 0 }, epoch: { kind: "whole", min: 0 }, remainingMs: { kind: "whole", min: 0 } },
          },
          max: 100000,
        },
        sequence: { kind: "whole", min: 0 },
      },
    },
    ack: {
      kind: "members",
      isStrict: false,
      members: { type: { kind: "one-of", values: ["ack"] }, nonce: { kind: "whole", min: 0 }, version: { kind: "text", max: 64 } },
    },
    nack: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["nack"] },
        nonce: { kind: "whole", min: 0 },
        kept: { kind: "text", max: 64 },
        problems: {
          kind: "list",
          of: {
            kind: "members",
            isStrict: false,
            members: { object: { kind: "text", max: 1300 }, path: { kind: "text", max: 2000 }, message: { kind: "text", max: 8000 } },
          },
          max: 1000,
        },
        isFullWanted: { kind: "boolean" },
      },
    },
    report: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["report"] },
        sequence: { kind: "whole", min: 1 },
        usage: { kind: "list", of: { kind: "anything" }, max: 100000 },
        demand: { kind: "list", of: { kind: "anything" }, max: 100000 },
        health: { kind: "list", of: { kind: "anything" }, max: 100000 },
      },
    },
    renew: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["renew"] }, token: { kind: "text", min: 1, max: 16384 } } },
    ping: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["ping"] } } },
    pong: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["pong"] } } },
    goaway: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["goaway"] }, retryAfterMs: { kind: "whole", min: 0, max: 3600000 } } },
  },
} as const satisfies Shape;

export const fromOperatorShape = {
  kind: "either",
  by: "type",
  options: {
    snapshot: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["snapshot"] },
        version: { kind: "text", min: 1, max: 64 },
        epoch: { kind: "whole", min: 0 },
        nonce: { kind: "whole", min: 0 },
        full: { kind: "anything" },
      },
    },
    delta: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["delta"] },
        version: { kind: "text", min: 1, max: 64 },
        epoch: { kind: "whole", min: 0 },
        nonce: { kind: "whole", min: 0 },
        base: { kind: "text", min: 1, max: 64 },
        change: { kind: "anything" },
      },
    },
    lease: {
      kind: "members",
      isStrict: false,
      members: {
        type: { kind: "one-of", values: ["lease"] },
        id: { kind: "text", max: 600 },
        amount: { kind: "whole", min: 0 },
        epoch: { kind: "whole", min: 0 },
        ttlMs: { kind: "whole", min: 0 },
      },
    },
    confirm: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["confirm"] }, sequence: { kind: "whole", min: 0 } } },
    ping: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["ping"] } } },
    pong: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["pong"] } } },
    goaway: { kind: "members", isStrict: false, members: { type: { kind: "one-of", values: ["goaway"] }, retryAfterMs: { kind: "whole", min: 0, max: 3600000 } } },
  },
} as const satisfies Shape;
