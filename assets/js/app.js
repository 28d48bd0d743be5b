// The portal's script. Every page reads and every basic form works without it.
import "./htmx.js";
import { startAnswered } from "./answered.js";
import { startAsk } from "./ask.js";
import { startAutosubmit } from "./autosubmit.js";
import { startBeside } from "./beside.js";
import { startCopy } from "./copy.js";
import { startDismiss } from "./dismiss.js";
import { startFolds } from "./folds.js";
import { startMenus } from "./menus.js";
import { startPalette } from "./palette.js";
import { startPasskeys } from "./passkeys.js";
import { startPeople } from "./people.js";
import { startPictures } from "./pictures.js";
import { startPreview } from "./preview.js";
import { startRecent } from "./recent.js";
import { startSession } from "./session.js";
import { startShortcuts } from "./shortcuts.js";
import { startTheme } from "./theme.js";
import { startTicked } from "./ticked.js";
import { startZone } from "./zone.js";

document.documentElement.classList.add("has-script");
for (const start of [startTheme, startFolds, startMenus, startShortcuts, startAutosubmit, startBeside, startCopy, startDismiss, startPasskeys, startPalette, startPeople, startPictures, startPreview, startRecent, startSession, startTicked, startAsk, startZone, startAnswered]) start();
