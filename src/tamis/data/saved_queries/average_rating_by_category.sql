-- How are the products of each category rated, and by how many reviews?
-- needs: product_category, star_rating
SELECT
  product_category,
  AVG(TRY_CAST(star_rating AS DOUBLE)) AS average_rating,
  COUNT(*) AS reviews
FROM dataset
GROUP BY product_category
ORDER BY reviews DESC, product_category
