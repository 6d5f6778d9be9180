"""Every kind of finding, by its id. `docs/lint.md` tells the same with an example each."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kling_contract.verify.lint.findings import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping

PAGE = "page."
NAMELESS = "page.defect"

KINDS: Mapping[str, Kind] = {
    "answer.contradicted": Kind(
        "error",
        "the answer that x-envelope makes breaks the schema of the same answer",
        "one of the two is wrong, and a reader that trusts the schema fails on real answers",
        "compare x-envelope with the schema of the answer",
    ),
    "answer.empty": Kind(
        "warning",
        "a successful JSON answer has a schema that any body satisfies",
        "nothing that comes back can be checked, so a broken answer passes every test",
        "describe the fields of the answer, at least the task's id",
    ),
    "availability.stale": Kind(
        "note",
        "the route was last observed more than a year before the date of the document",
        "providers open and close routes within weeks",
        "look again, and write the day",
    ),
    "availability.undated": Kind(
        "note",
        "the route is said to be served, or not, without the day on which that was observed",
        "nobody can tell how old the news is",
        "add `observed`, or say `unverified`",
    ),
    "callback.expression": Kind(
        "error",
        "the expression of a callback names nothing that a request has",
        "no callback can ever be sent, or a tool sends it nowhere",
        "name a field of the request body",
    ),
    "date.future": Kind(
        "error",
        "something was observed, or found in a source, after the date of the document",
        "one of the two days is wrong, and nobody can tell how old the news is",
        "write the day on which it was seen, and date the document when it changes",
    ),
    "default.invalid": Kind(
        "error",
        "a documented default breaks the schema of its own field",
        "a form or a generated client that fills in defaults sends what is refused, or what it never meant to",
        "document a default that is accepted, or none",
    ),
    "default.required": Kind(
        "warning",
        "a field is required and has a default",
        "the default can never apply, so one of the two is a mistake, and generated clients follow either",
        "drop the default, or make the field optional",
    ),
    "default.rule": Kind(
        "error",
        "the documented defaults, taken together, break a rule",
        "a request that leaves everything as the page shows it is refused, or paid for and wrong",
        "choose defaults that keep the rule",
    ),
    "enum.unreachable": Kind(
        "warning",
        "no request that is accepted can have this value of an enum",
        "a client offers a choice that always fails",
        "drop the value, or widen the rule that excludes it",
    ),
    "envelope.lacks": Kind(
        "note",
        "an answer lacks a value that most answers of its kind have in the same document",
        "code that was written against the others reads nothing here",
        "add it, or say that this page is the exception",
    ),
    "errors.ambiguous": Kind(
        "warning",
        "an error that never goes away by itself has the HTTP status of a rate limit that does",
        "a client that retries by status alone retries for ever",
        "tell the two apart by the code in the body",
    ),
    "errors.missing": Kind(
        "note",
        "no row of x-errors answers a situation that the operations can meet",
        "the mock has to answer with a wider row, and a client cannot tell what happened",
        "add a row of this name",
    ),
    "errors.type": Kind(
        "warning",
        "a row of x-errors has another type of constant than the other rows have in the same place",
        "a client with a typed reader fails on the error instead of reporting it",
        "read this place without a type",
    ),
    "errors.undescribed": Kind(
        "error",
        "the answer that a row of x-errors makes breaks the schema of an operation's answer",
        "a client generated from the schema fails on the error instead of reporting it",
        "describe the row's body under the operation's responses",
    ),
    "example.invalid": Kind(
        "error",
        "an example breaks its own schema or rules",
        "examples are what people copy first",
        "correct the example, or the limit that it breaks",
    ),
    "example.unknown": Kind(
        "warning",
        "an example of a request sends a field that its schema does not have",
        "the reader cannot know whether the field works or is ignored",
        "describe the field, or drop it",
    ),
    "field.unreachable": Kind(
        "error",
        "no request that is accepted can have this field",
        "its limits exclude each other or a rule forbids it, so every request that uses it fails",
        "compare the limits of the field with each other and with the rules",
    ),
    "header.optional": Kind(
        "warning",
        "Authorization or Content-Type is an optional header parameter",
        "a client may leave it out, and is refused; OpenAPI says that such a parameter is ignored",
        "use `security` and the media type of the body",
    ),
    "limit.unreachable": Kind(
        "warning",
        "no request that is accepted can reach this limit",
        "the limit is not the one that counts, and tests at the boundary test nothing",
        "write the limit that the other limits and rules leave",
    ),
    "link.expression": Kind(
        "error",
        "the expression of a link names nothing that the request or the answer has",
        "tools that follow links send nothing, or stop",
        "name a field of the answer",
    ),
    "link.parameter": Kind(
        "error",
        "a link gives a parameter that its target does not have, or leaves out one that it requires",
        "tools that follow links cannot make the request",
        "give the target's own parameters",
    ),
    "link.target": Kind(
        "error",
        "a link names an operation that the document does not have",
        "tools that follow links stop here",
        "name an operationId of the document",
    ),
    "name.misspelt": Kind(
        "warning",
        "a field's name is nearly the official one",
        "it reads like the official name, and whoever corrects it on the way sends a field that is ignored",
        "copy the name, do not type it",
    ),
    "name.unsaid": Kind(
        "warning",
        "a field that the official API does not have looks like an official one that is missing here",
        "calls with official names leave it out without a word",
        "add x-canonical-name",
    ),
    "page.answer": Kind(
        "warning",
        "the provider's page describes its answer wrongly or not at all",
        "a client written from the page misreads what comes back",
        "trust the document, and what was observed",
    ),
    "page.body": Kind(
        "warning",
        "the provider's pages describe two bodies for one path and method",
        "a check against one of them refuses what the other asks for",
        "know which of the two a request is meant to be",
    ),
    NAMELESS: Kind(
        "note",
        "the document records a defect of the page that no check can see",
        "it is the provider's own word against itself",
        "read what is recorded",
    ),
    "page.example": Kind(
        "warning",
        "the example on the provider's page does not fit the table on the same page",
        "examples are what people copy first",
        "trust the table",
    ),
    "page.header": Kind(
        "warning",
        "the provider's page calls a header optional that is needed",
        "a client that leaves it out is refused, or its body is not read",
        "always send it",
    ),
    "poll.link": Kind(
        "warning",
        "no answer of a create links to the get of its family",
        "tools cannot find out how to poll the task, and stateful tests never do",
        "add a link with the get's operationId",
    ),
    "poll.template": Kind(
        "error",
        "the template by which the provider documents the query cannot address this path",
        "a client that follows the page polls a path that does not exist, for a task that was paid for",
        "call the path itself, and see whether it is there",
    ),
    "reach.unknown": Kind(
        "note",
        "a schema uses a keyword for which no values can be built",
        "whether its fields, enums and limits can be reached was not looked at",
        "say the same with other keywords",
    ),
    "record.stale": Kind(
        "error",
        "a fact records a defect with a finding that is no longer found",
        "the page was corrected, or the document was, and the record misleads",
        "remove the record, or put back what it is about",
    ),
    "record.unknown": Kind(
        "error",
        "a fact names a finding that does not exist",
        "the record covers nothing",
        "name an id of docs/lint.md",
    ),
    "request.impossible": Kind(
        "error",
        "no request is accepted at all",
        "the limits and rules exclude each other",
        "compare them with an example of the page",
    ),
    "required.unsaid": Kind(
        "warning",
        "a field is required here and not officially, or the other way round, and no fact says so",
        "a request that one side accepts is refused by the other",
        "add a fact to `required` with what the other side says as a loser",
    ),
    "retired.all": Kind(
        "error",
        "every value of an enum is retired",
        "whatever a request says, it names something that is no longer served",
        "look for what replaced them",
    ),
    "retired.default": Kind(
        "error",
        "a default is retired",
        "a request that leaves the field out asks for something that is no longer served",
        "always send the field",
    ),
    "retired.example": Kind(
        "warning",
        "an example or a recommended value is retired",
        "whoever copies it asks for something that is no longer served",
        "use one that is not retired",
    ),
    "retired.field": Kind(
        "warning",
        "only requests with a retired value can have this field",
        "the feature is documented, and nothing that is still served has it",
        "leave the field out, or look for what replaced it",
    ),
    "status.unsaid": Kind(
        "error",
        "an enum or an example has a status word that x-status-values does not",
        "a client that meets the word cannot tell whether the task has ended, and the mock never says it",
        "give the word to a status, or correct what shows it",
    ),
    "type.contradicted": Kind(
        "warning",
        "one source gives a field a type, and a limit that means nothing for values of that type",
        "a client made from the type alone sends what is refused",
        "believe the limit, and what other sources say",
    ),
    "type.unsaid": Kind(
        "warning",
        "a field has another type than officially, and no fact says so",
        "a value that is right for one side is refused by the other",
        "add a fact to `type` with what the other side says as a loser",
    ),
}
