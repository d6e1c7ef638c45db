-- How do the ratings of each category spread over the stars?
-- needs: product_category, star_rating
SELECT
  product_category,
  star_rating,
  COUNT(*) AS reviews,
  CAST(COUNT(*) AS DOUBLE) / SUM(COUNT(*)) OVER (PARTITION BY product_category) AS share
FROM dataset
GROUP BY product_category, star_rating
ORDER BY product_category, star_rating
