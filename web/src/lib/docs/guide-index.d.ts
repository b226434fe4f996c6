declare module "virtual:guide-index" {
  /** What MiniSearch.loadJSON reads, with `index_options`. */
  const index: string;
  export default index;
}
