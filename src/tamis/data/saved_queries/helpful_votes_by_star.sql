-- Are good or bad reviews found helpful? Votes per review, and the share of votes that said so, for each star.
-- needs: star_rating, helpful_votes, total_votes
SELECT
  star_rating,
  COUNT(*) AS reviews,
  CAST(SUM(TRY_CAST(helpful_votes AS BIGINT)) AS BIGINT) AS helpful_votes,
  CAST(SUM(TRY_CAST(total_votes AS BIGINT)) AS BIGINT) AS total_votes,
  AVG(TRY_CAST(helpful_votes AS DOUBLE)) AS helpful_votes_per_review,
  SUM(TRY_CAST(helpful_votes AS DOUBLE)) / NULLIF(SUM(TRY_CAST(total_votes AS DOUBLE)), 0) AS share_helpful
FROM dataset
GROUP BY star_rating
ORDER BY star_rating
