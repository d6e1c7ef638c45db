-- How many words do reviews have? One row a decile: the shortest tenth of the reviews first.
-- needs: review_body
WITH counted AS (
  SELECT ARRAY_LENGTH(REGEXP_EXTRACT_ALL(review_body, '(\S+)', 1)) AS words
  FROM dataset
  WHERE review_body IS NOT NULL
), placed AS (
  SELECT words, NTILE(10) OVER (ORDER BY words) AS decile
  FROM counted
)
SELECT
  decile,
  COUNT(*) AS reviews,
  MIN(words) AS fewest_words,
  MAX(words) AS most_words,
  AVG(CAST(words AS DOUBLE)) AS average_words
FROM placed
GROUP BY decile
ORDER BY decile
