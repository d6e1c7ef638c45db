-- How many reviews gave each number of stars?
-- needs: star_rating
SELECT
  star_rating,
  COUNT(*) AS reviews,
  CAST(COUNT(*) AS DOUBLE) / SUM(COUNT(*)) OVER () AS share
FROM dataset
GROUP BY star_rating
ORDER BY star_rating
