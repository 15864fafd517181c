import { dialectOf } from "../../wire/dialects.ts";
import { faultContract } from "./suite.ts";
import { wireSuite } from "./wire-suite.ts";

faultContract(wireSuite("Ceph", dialectOf("ceph")));
