"""CLI: one file per chapter: parse, call the chapter, print. No decisions are made here."""
