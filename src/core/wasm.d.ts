/** What workerd, and those who build for it, make of such an import. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
