import { dialectOf } from "../../wire/dialects.ts";
import { faultContract } from "./suite.ts";
import { wireSuite } from "./wire-suite.ts";

// A store like R2 that keeps versions, so that no call is left out.
faultContract(wireSuite("R2", dialectOf("r2", { versions: true })));
