/** Wrong on purpose: the mistakes of the original (defect 0), each marked with the rule that must see it. */
declare function list(): { readonly keys: readonly string[] };
declare function pages(): Iterable<string>;
declare function remove(key: string): Promise<boolean>;
declare function onProgress(listener: (key: string) => void): void;

const logged = async (key: string): Promise<void> => {
  await remove(key);
};

export async function cleanUp(keys: readonly string[]): Promise<number> {
  const listing = await list(); // expect await-thenable
  let count = listing.keys.length;
  for await (const page of pages()) count += page.length; // expect await-thenable
  remove("a"); // expect no-floating-promises
  remove("b").catch(() => remove("c")); // a floating promise that is caught is allowed
  keys.forEach(logged); // expect no-misused-promises
  onProgress(logged); // expect no-misused-promises
  if (remove("d")) count++; // expect no-misused-promises
  const kept = keys.filter((key) => remove(key)); // expect no-misused-promises
  await Promise.all([list(), remove("e")]); // expect await-thenable
  try {
    return remove("f").then(() => count + kept.length); // expect return-await
  } catch {
    return 0;
  }
}
