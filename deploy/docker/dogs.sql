-- The table that the batch reads: one row for each photo. docs/SOURCES.md describes the columns; any
-- other table or view will do, with a `query` in mungpy.toml.
CREATE TABLE dogs (
    dog_id   text NOT NULL,
    photo    text NOT NULL,  -- a path below PHOTOS
    image_id text,
    energy   text,           -- an axis of the questionnaire; the others can be added
    PRIMARY KEY (dog_id, photo)
);
