-- Which review is the oldest of each category? (Of several on one day, the one whose id comes first.)
-- needs: product_category, review_date, review_id, star_rating, review_headline
WITH dated AS (
  SELECT
    product_category,
    TRY_CAST(review_date AS DATE) AS first_date,
    review_id,
    star_rating,
    review_headline,
    ROW_NUMBER() OVER (
      PARTITION BY product_category ORDER BY TRY_CAST(review_date AS DATE), review_id, review_headline
    ) AS place
  FROM dataset
  WHERE TRY_CAST(review_date AS DATE) IS NOT NULL
)
SELECT product_category, first_date, review_id, star_rating, review_headline
FROM dated
WHERE place = 1
ORDER BY first_date, product_category
