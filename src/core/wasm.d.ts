/** The type of such an import in workerd, and in bundlers that build for it. */
declare module "*.wasm" {
  const module: WebAssembly.Module;
  export default module;
}
