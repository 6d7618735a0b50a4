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
  const known = new Map<string, T>();
  const put = (text: string, value: T): void => {
    if (text.length < minLength) return;
    known.delete(text);
    known.set(text, value);
    const [oldest] = known.keys();
    if (known.size > count && oldest !== undefined) known.delete(oldest);
  };
  return {
    put,
    of: (text) => {
      const value = (text.length < minLength ? undefined : known.get(text)) ?? make(text);
      put(text, value);
      return value;
    },
  };
}
