/** A module of a figure as JavaScript that a reader can run: site/code.ts. */
declare module "*.ts?code" {
  const code: string;
  export default code;
}
