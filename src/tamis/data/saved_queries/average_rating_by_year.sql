-- How did the average rating move over the years?
-- needs: review_date, star_rating
SELECT
  YEAR(TRY_CAST(review_date AS DATE)) AS review_year,
  AVG(TRY_CAST(star_rating AS DOUBLE)) AS average_rating,
  COUNT(*) AS reviews
FROM dataset
WHERE TRY_CAST(review_date AS DATE) IS NOT NULL
GROUP BY YEAR(TRY_CAST(review_date AS DATE))
ORDER BY review_year
