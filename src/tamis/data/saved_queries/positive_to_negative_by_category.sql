-- How many positive reviews (4 or 5 stars) stand against one negative (1 or 2)? Three stars count for neither.
-- needs: product_category, star_rating
SELECT
  product_category,
  CAST(SUM(CASE WHEN TRY_CAST(star_rating AS DOUBLE) >= 4 THEN 1 ELSE 0 END) AS BIGINT) AS positive,
  CAST(SUM(CASE WHEN TRY_CAST(star_rating AS DOUBLE) <= 2 THEN 1 ELSE 0 END) AS BIGINT) AS negative,
  CAST(SUM(CASE WHEN TRY_CAST(star_rating AS DOUBLE) >= 4 THEN 1 ELSE 0 END) AS DOUBLE)
    / NULLIF(SUM(CASE WHEN TRY_CAST(star_rating AS DOUBLE) <= 2 THEN 1 ELSE 0 END), 0) AS positive_to_negative
FROM dataset
GROUP BY product_category
ORDER BY positive_to_negative DESC, product_category
