/** Two names of a browser's types that aws4fetch's declarations use and Node's own lack. */
type HeadersInit = ConstructorParameters<typeof Headers>[0];
type BodyInit = NonNullable<ConstructorParameters<typeof Response>[0]>;
