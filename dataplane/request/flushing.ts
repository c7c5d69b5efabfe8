// One microtask for all streams that have something to write: all chunks that one read of an upstream's socket brings become
// one write to the client's. A closure kept by each stream would be one more object that outlives a collection.

export interface Flushing {
  flush(): void;
}

const waiting: Flushing[] = [];

const flushAll = (): void => {
  for (const one of waiting.splice(0)) one.flush();
};

export const flushLater = (one: Flushing): void => {
  if (waiting.length === 0) queueMicrotask(flushAll);
  waiting.push(one);
};
