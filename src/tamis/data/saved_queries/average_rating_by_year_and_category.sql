-- How did the average rating of each category move over the years?
-- needs: product_category, review_date, star_rating
SELECT
  product_category,
  YEAR(TRY_CAST(review_date AS DATE)) AS review_year,
  AVG(TRY_CAST(star_rating AS DOUBLE)) AS average_rating,
  COUNT(*) AS reviews
FROM dataset
WHERE TRY_CAST(review_date AS DATE) IS NOT NULL
GROUP BY product_category, YEAR(TRY_CAST(review_date AS DATE))
ORDER BY product_category, review_year
