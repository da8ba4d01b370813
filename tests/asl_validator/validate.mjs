// Prints, for the definitions in the JSON lists that are given as files, one JSON line each: the problems found in it.
import { readFileSync } from "node:fs";
import aslValidator from "asl-validator";

const validate = aslValidator.default ?? aslValidator;

for (const file of process.argv.slice(2)) {
  for (const definition of JSON.parse(readFileSync(file, "utf8"))) {
    const { isValid, errors } = validate(definition);
    console.log(JSON.stringify(isValid ? [] : errors));
  }
}
