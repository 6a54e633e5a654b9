/** The look of the site: VitePress's layout in colours, type and measures of its own; the figures, once there is a page to draw on. */

import type { Theme } from "vitepress";
import DefaultTheme from "vitepress/theme-without-fonts";
import "./style.css";
import "./figures.css";
import "./live.css";

export default {
  extends: DefaultTheme,
} satisfies Theme;
