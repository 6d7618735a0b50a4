/** What was made of the last few texts: one run asks for the same text in several places, and watching asks again in the next. */

export interface RecentTexts<T> {
  readonly of: (text: string) => T;
  /** For what is known without asking. */
  readonly put: (text: string, value: T) => void;
}

/** `make` depends on the text alone. Shorter texts than `minLength` are not worth the memory. */
export function recentTexts<T>(
  make: (text: string) => T,
  { count, minLength }: { readonly count: number; readonly minLength: number },
): RecentTexts<T> {
  const known = new Map<string, { readonly text: string; readonly value: T }>();
  const put = (text: string, value: T): void => {
    if (text.length < minLength) return;
    const key = keyOf(text);
    known.delete(key);
    known.set(key, { text, value });
    const [oldest] = known.keys();
    if (known.size > count && oldest !== undefined) known.delete(oldest);
  };
  return {
    put,
    of: (text) => {
      if (text.length < minLength) return make(text);
      const found = known.get(keyOf(text));
      const value = found?.text === text ? found.value : make(text);
      put(text, value);
      return value;
    },
  };
}

/** Not the text itself, which a map would compare each time, megabyte by megabyte. Our files differ at one of their ends. */
const keyOf = (text: string): string => `${text.length} ${text.slice(0, 100)} ${text.slice(-100)}`;
