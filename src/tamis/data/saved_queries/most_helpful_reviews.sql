-- Which reviews helped most people, and how long are they?
-- needs: review_id, product_title, star_rating, helpful_votes, total_votes, review_body
-- param n = 10: how many reviews
SELECT
  review_id,
  product_title,
  star_rating,
  TRY_CAST(helpful_votes AS BIGINT) AS helpful_votes,
  TRY_CAST(total_votes AS BIGINT) AS total_votes,
  LENGTH(review_body) AS characters,
  review_body
FROM dataset
WHERE TRY_CAST(helpful_votes AS BIGINT) IS NOT NULL
ORDER BY TRY_CAST(helpful_votes AS BIGINT) DESC, LENGTH(review_body) DESC, review_body, review_id
LIMIT $n
