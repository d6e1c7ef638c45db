-- A sample with the same number of reviews of each star. One seed gives the same rows every time and on every engine.
-- needs: star_rating, review_id, review_headline, review_body
-- param n = 5: how many reviews of each star
-- param seed = 1: another seed, other rows
WITH numbered AS (
  SELECT
    star_rating,
    review_id,
    review_headline,
    review_body,
    ROW_NUMBER() OVER (
      PARTITION BY star_rating
      ORDER BY
        MD5(CONCAT(CAST($seed AS VARCHAR), ':', CAST(review_id AS VARCHAR), ':', CAST(review_body AS VARCHAR))),
        review_id,
        review_headline
    ) AS place
  FROM dataset
)
SELECT star_rating, review_id, review_headline, review_body
FROM numbered
WHERE place <= $n
ORDER BY star_rating, place
