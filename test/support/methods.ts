/** The same object with some of its methods replaced; the others keep their `this`. */
export function withMethods<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get(original, name) {
      const replaced: unknown = Reflect.get(methods, name);
      if (replaced !== undefined) return replaced;
      const value: unknown = Reflect.get(original, name);
      return typeof value === "function" ? (value.bind(original) as unknown) : value;
    },
  });
}
