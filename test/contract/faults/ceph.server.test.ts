import { cephSubject } from "./ceph-subject.ts";
import { faultContract } from "./suite.ts";

faultContract({
  name: "Ceph behind the fault proxy",
  differences: { completesAgain: true },
  start: cephSubject,
});
