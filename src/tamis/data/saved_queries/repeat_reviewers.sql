-- Which customers reviewed one product more than once? Rows without a customer or a product are left out.
-- needs: customer_id, product_id, star_rating
-- param n = 100: how many pairs of customer and product at most
SELECT
  customer_id,
  product_id,
  COUNT(*) AS reviews,
  MIN(TRY_CAST(star_rating AS DOUBLE)) AS lowest_rating,
  MAX(TRY_CAST(star_rating AS DOUBLE)) AS highest_rating
FROM dataset
WHERE CAST(customer_id AS VARCHAR) <> '' AND CAST(product_id AS VARCHAR) <> ''
GROUP BY customer_id, product_id
HAVING COUNT(*) > 1
ORDER BY reviews DESC, customer_id, product_id
LIMIT $n
